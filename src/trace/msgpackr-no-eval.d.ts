/** The build of msgpackr that never makes code at run time; the package ships no types for it. */
declare module 'msgpackr/index-no-eval' {
  export { Packr } from 'msgpackr';
}
