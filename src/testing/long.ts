// Some tests have a long form besides the one of npm test: npm run long runs those.

/** isLong says that this is a long run. */
export const isLong = process.env["GONET_LONG"] === "1";

/** form is for the title of a test that has both forms. */
export const form = isLong ? "" : " (short form)";
