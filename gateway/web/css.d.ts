// Styles that a part of the page brings along: the build makes a file of them.
declare module "*.css";
