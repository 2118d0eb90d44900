/** A file of WebAssembly becomes its bytes when the plugin is built. */
declare module '*.wasm' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
