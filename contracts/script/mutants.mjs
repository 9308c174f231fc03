// Small faults that somebody could make in a contract: each is the source with one place changed.

/** The source with comments and strings as blanks, so that every place stays where it is. */
function code(source) {
  return source.replace(/\/\/.*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"/g, (text) => text.replace(/[^\n]/g, " "));
}

function closing(text, open) {
  const pair = { "{": "}", "(": ")" }[text[open]];
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === text[open]) depth++;
    else if (text[at] === pair && --depth === 0) return at;
  }
  throw new Error(`nothing closes the ${text[open]} at ${open}`);
}

/** Where head and body of each function lie. One without a body has neither. */
function functions(text) {
  const found = [];
  for (const { index } of text.matchAll(/\b(?:function|constructor|modifier)\b/g)) {
    const open = text.slice(index).search(/[{;]/) + index;
    if (text[open] === "{") found.push({ head: index, body: open, end: closing(text, open) });
  }
  return found;
}

const OPPOSITE = { "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">" };
const NEXT = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };
const SWAPPED = { "&&": "||", "||": "&&", "+": "-", "-": "+", "+=": "-=", "-=": "+=", "++": "--", "--": "++" };

/** What is put in the place of each operator of a body. */
function operators(text, from, to) {
  const found = [];
  const put = (kind, index, was, now) => found.push({ kind, start: from + index, end: from + index + was.length, now });
  const body = text.slice(from, to);
  for (const { 0: was, index } of body.matchAll(/(?<= )(?:[=!<>]=|[<>])(?= )/g)) {
    put("comparison", index, was, OPPOSITE[was]);
    if (NEXT[was]) put("boundary", index, was, NEXT[was]);
  }
  for (const { 0: was, index } of body.matchAll(/(?<= )(?:&&|\|\||[+-]=?)(?= )/g)) {
    put(was.length === 2 && !was.endsWith("=") ? "logic" : "arithmetic", index, was, SWAPPED[was]);
  }
  for (const { 0: was, index } of body.matchAll(/!(?=[\w(])/g)) put("logic", index, was, "");
  // The counter of a loop would only run out of gas.
  for (const { 0: was, index } of body.matchAll(/(?<!for \(.*)(?:\+\+|--)/g)) put("arithmetic", index, was, SWAPPED[was]);
  return found;
}

const DECLARATION = /^(?:u?int\d*|address|bool|bytes\d*|string|mapping|[A-Z]\w*)\b[^=(.]*(?:=|$)|^\((?:[^=()]*\s)?[\w[\]]+ (?:memory |storage |calldata )?\w+[,)]/;

/** The statements of a body that can be left out: no declaration, and no return or `_`, which every test would miss. */
function statements(text, from, to) {
  const found = [];
  let start = from + 1;
  for (let at = start; at < to; at++) {
    if (text[at] === "(") at = closing(text, at);
    else if (text[at] === "{" || text[at] === "}") start = at + 1;
    else if (text[at] === ";") {
      const blank = text.slice(start, at).search(/\S/);
      const statement = text.slice(start + blank, at);
      if (blank >= 0 && !/^(?:return\b|_$)/.test(statement) && !DECLARATION.test(statement)) {
        const kind = /^(?:if \(.*\) )?revert\b/s.test(statement) ? "revert" : "statement";
        found.push({ kind, start: start + blank, end: at + 1, now: "" });
      }
      start = at + 1;
    }
  }
  return found;
}

/** All mutants of a source, in the order of their places. */
export function mutants(file, source) {
  const text = code(source);
  const found = [];
  for (const { 1: value, index, 0: whole } of text.matchAll(/\bconstant \w+ = ([^;]+);/g)) {
    const start = index + whole.length - 1 - value.length;
    found.push({ kind: "constant", start, end: start + value.length, now: `(${value}) + 1` });
  }
  for (const { head, body, end } of functions(text)) {
    for (const { 0: was, index } of text.slice(head, body).matchAll(/\b(?:only[A-Z]\w*|nonReentrant)\b/g)) {
      if (index === text.slice(head, body).search(/(?<=modifier )\w/)) continue;
      found.push({ kind: "modifier", start: head + index, end: head + index + was.length, now: "" });
    }
    found.push(...operators(text, body, end), ...statements(text, body, end));
  }
  return found
    .sort((a, b) => a.start - b.start || a.kind.localeCompare(b.kind))
    .map(({ kind, start, end, now }) => ({
      file,
      line: source.slice(0, start).split("\n").length,
      kind,
      was: source.slice(start, end).replace(/\s+/g, " "),
      now,
      source: source.slice(0, start) + now + source.slice(end),
    }));
}

/** `count` of the list, always the same for a seed, in the order of the list. */
export function sample(list, count, seed) {
  let state = seed >>> 0;
  const random = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  const left = list.map((_, index) => index);
  const taken = [];
  while (taken.length < count && left.length > 0) taken.push(...left.splice(Math.floor(random() * left.length), 1));
  return taken.sort((a, b) => a - b).map((index) => list[index]);
}
