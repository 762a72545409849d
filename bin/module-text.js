'use strict';
// The text of a module as it is compiled.
const Module = require('node:module');

/** Zod's file of all its languages reads fifty others, of which a run needs none: each is read when it is asked for. Written otherwise, it stays as it is. */
const LANGUAGES = /\/zod\/v4\/locales\/index\.cjs$/;
const LANGUAGE = /^var (\w+) = (require\("\.\/[\w-]+\.cjs"\));\n(Object\.defineProperty\(exports, "\w+", \{ enumerable: true, get: function \(\) \{ return __importDefault\()\1(\)\.default; \} \}\);)$/gm;

/** What that file ends with asks for all of them at once, to freeze them. */
const FREEZE = /^\(function \(\) \{\n(?:  .*\n)*  Object\.freeze\(exports\);\n\}\)\(\);$/m;

/** As a function's text, its source map apart. @param content JavaScript with an inline source map or without one */
function moduleText(content, filename) {
  const [comment, map] = /^\/\/# sourceMappingURL=data:application\/json;(?:charset=utf-8;)?base64,(\S+)$/m.exec(content) ?? [];
  const bare = comment === undefined ? content : content.replace(comment, '');
  const text = LANGUAGES.test(filename) ? bare.replace(LANGUAGE, '$3$2$4').replace(FREEZE, '') : bare;
  return { code: Module.wrap(text.replace(/^#!.*/, '')), map: map && Buffer.from(map, 'base64').toString() };
}

/** Tells later whether V8's flags are still those of now: it takes no code that was made under others, and the runner sets one when it is at work on many hosts. */
function flagsNow() {
  const { Script } = require('node:vm');
  const cachedData = new Script('0').createCachedData();
  let asked = 0;
  // Under a name of its own each time: what V8 has compiled under the same one in this process it does not compare.
  return () => !new Script('0', { cachedData, filename: `flags-${(asked += 1)}` }).cachedDataRejected;
}

module.exports = { flagsNow, moduleText };
