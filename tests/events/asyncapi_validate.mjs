// Prints one line per problem that the AsyncAPI parser finds in the document named on the command line.
// Severity 0 is an error, 1 a warning; governance hints (2, 3) are not about validity.
import { createRequire } from "node:module";
import path from "node:path";

const [modules, file] = process.argv.slice(2);
const { Parser, fromFile } = createRequire(path.resolve(modules, "package.json"))("@asyncapi/parser");
const parser = new Parser();
const { document, diagnostics } = await fromFile(parser, path.resolve(file)).parse();
for (const { severity, code, path: where, message } of diagnostics) {
  console.log(JSON.stringify({ severity, code, where: where.join("."), message }));
}
console.log(JSON.stringify({ valid: document !== undefined, messages: document ? document.allMessages().length : 0 }));
