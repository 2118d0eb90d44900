/**
 * In place of the package sharp, which Transformers.js imports for images: it looks about the machine as soon as it is loaded, which a plugin
 * may not, and no plugin works with images.
 */
export default function sharp(): never {
  throw new Error('images cannot be read here');
}
