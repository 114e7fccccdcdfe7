/** C sources are imported as text, so that the binary carries them. */
declare module "*.c" {
  const text: string;
  export default text;
}
