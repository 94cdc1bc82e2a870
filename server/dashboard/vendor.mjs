// Copies the files that are served from node_modules to vendor/, and nothing else. Run by tools/assets.py and the Dockerfile.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "node_modules");
const vendor = join(here, "vendor");

/** What is served, by its name under vendor/. */
const FILES = {
  "preact.js": "htm/preact/standalone.module.js",
  "uplot.js": "uplot/dist/uPlot.iife.min.js",
  "uplot.css": "uplot/dist/uPlot.min.css",
  "react.js": "react/umd/react.production.min.js",
  "react-dom.js": "react-dom/umd/react-dom.production.min.js",
  "graphiql.js": "graphiql/graphiql.min.js",
  "graphiql.css": "graphiql/graphiql.min.css",
};

/** Their licences, which travel with the copies. */
const LICENCES = ["htm", "uplot", "react", "react-dom", "graphiql"];

/** @param {string} name */
function licence(name) {
  const { version, license } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  const text = readFileSync(join(modules, name, "LICENSE"), "utf8");
  return `${name} ${version} (${license})\n\n${text.trim()}\n`;
}

rmSync(vendor, { recursive: true, force: true });
mkdirSync(vendor);
for (const [name, source] of Object.entries(FILES)) {
  copyFileSync(join(modules, source), join(vendor, name));
}
writeFileSync(join(vendor, "LICENCES.txt"), LICENCES.map(licence).join("\n----\n\n"));
