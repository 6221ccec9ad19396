// The build without eval has no declarations of its own; it exports what the package exports.
declare module "msgpackr/index-no-eval" {
  export { Packr, Unpackr } from "msgpackr";
}
