/** Files that the build puts into the page as their bytes. */
declare module '*.u8' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
declare module '*.safetensors' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
