/** `['greater', 'than', '5']` → `GreaterThan5`. Each part is cut at spaces. */
export function pascal(...parts: string[]): string {
  return parts
    .flatMap((part) => part.split(/[^A-Za-z0-9]+/))
    .filter((word) => word !== '')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}

/** `['sum of', 'even squares']` → `sumOfEvenSquares`. */
export function camel(...parts: string[]): string {
  const name = pascal(...parts);
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** A JavaScript string literal in single quotes. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
