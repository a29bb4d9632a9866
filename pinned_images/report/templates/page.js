"use strict";

/* The state of the page is in the fragment of its address: "#?q=nginx+web&status=failed&sort=-Digest".
   The query is left alone: it may hold the signature of a download. Any other fragment names a stack. */

const filter = document.querySelector(".filter");
const words = filter?.querySelector("input");
const choices = [...(filter?.querySelectorAll("button[data-status]") ?? [])];
const fold = filter?.querySelector(".fold");
const shown = filter?.querySelector(".shown");
const groups = [...document.querySelectorAll("[data-name]")];
const stacks = groups.filter((group) => group.matches("details"));
const live = document.querySelector("[aria-live]");
const withNumbers = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const asLetters = new Intl.Collator("en");
const DIGEST = /^[0-9a-f]{12}$/;

const tables = [...document.querySelectorAll("table")].map((table) => ({
  body: table.tBodies[0],
  headings: [...table.tHead.rows[0].cells],
  rows: [...table.tBodies[0].rows],
}));
const columns = new Set(tables.flatMap(({ headings }) => headings.map((one) => one.textContent)));
const searched = groups.map((group) => ({
  group,
  rows: [...group.querySelectorAll("tbody tr")].map((row) => ({
    row,
    text: `${group.dataset.name} ${row.textContent} ${row.dataset.search ?? ""}`.toLowerCase(),
  })),
}));

const total = searched.reduce((sum, { rows }) => sum + rows.length, 0);

let state = { q: "", status: "all", sort: "" };

// --- What is shown ---

function show() {
  const sought = state.q.toLowerCase().split(/\s+/);
  const isFiltered = state.q.trim() !== "" || state.status !== "all";
  let count = 0;
  for (const { group, rows } of searched) {
    let inGroup = 0;
    for (const { row, text } of rows) {
      row.hidden =
        (state.status !== "all" && row.dataset.status !== state.status) ||
        !sought.every((word) => text.includes(word));
      inGroup += row.hidden ? 0 : 1;
    }
    (group.closest(".frame") ?? group).hidden = inGroup === 0;
    count += inGroup;
  }
  if (filter) {
    words.value = state.q;
    for (const button of choices) {
      button.ariaPressed = String(button.dataset.status === state.status);
    }
    document.querySelector(".nothing").hidden = count > 0;
    shown.hidden = !isFiltered;
    shown.textContent = `${count} of ${total}`;
  }
  if (isFiltered) unfold(stacks); else foldBack(stacks);
  return `${count} of ${total} shown`;
}

// Details that are open for a while, and whether they were before.
const opened = new Map();

function unfold(details) {
  for (const one of details) {
    if (!opened.has(one)) opened.set(one, one.open);
    one.open = true;
  }
}

function foldBack(details) {
  for (const one of details) {
    if (opened.has(one)) one.open = opened.get(one);
    opened.delete(one);
  }
}

function sort() {
  const name = state.sort.replace(/^-/, "");
  const direction = state.sort.startsWith("-") ? -1 : 1;
  for (const { body, headings, rows } of tables) {
    const column = headings.findIndex((heading) => heading.textContent === name);
    headings.forEach((heading, index) => {
      heading.ariaSort = index !== column ? "none" : direction === 1 ? "ascending" : "descending";
    });
    const order = column < 0 ? rows : sorted(rows, column, direction);
    if (order.some((row, index) => body.rows[index] !== row)) body.append(...order);
  }
  return name === "" ? "Not sorted" : `Sorted by ${name}, ${direction === 1 ? "ascending" : "descending"}`;
}

function sorted(rows, column, direction) {
  const keyed = rows.map((row) => [key(row.cells[column]), row]);
  const areDigests = keyed.every(([value]) => value === "" || DIGEST.test(value));
  const collator = areDigests ? asLetters : withNumbers;
  keyed.sort(([one], [other]) => {
    if (one === "" || other === "") return (one === "") - (other === "");  // always last
    return direction * collator.compare(one, other);
  });
  return keyed.map(([, row]) => row);
}

function key(cell) {
  if (cell.dataset.sort !== undefined) return cell.dataset.sort;
  if (cell.querySelector(".none")) return "";
  const text = (cell.querySelector(".image, code, li") ?? cell).textContent.trim();
  return text === "-" ? "" : text;
}

// --- The address ---

function written() {
  const chosen = { q: state.q.trim(), status: state.status === "all" ? "" : state.status, sort: state.sort };
  const parameters = new URLSearchParams(Object.entries(chosen).filter(([, value]) => value !== ""));
  return parameters.size ? `#?${parameters}` : "#";
}

function read() {
  const fragment = location.hash.slice(1);
  const parameters = new URLSearchParams(fragment.startsWith("?") ? fragment.slice(1) : "");
  const status = parameters.get("status");
  const order = parameters.get("sort") ?? "";
  state = {
    q: parameters.get("q") ?? "",
    status: choices.some((button) => button.dataset.status === status) ? status : "all",
    sort: columns.has(order.replace(/^-/, "")) ? order : "",
  };
  show();
  sort();
  reveal(fragment);
}

function reveal(fragment) {
  const target = fragment === "" ? null : document.getElementById(decoded(fragment));
  for (let one = target; one; one = one.parentElement) {
    if (one.matches("details")) one.open = true;
  }
  target?.scrollIntoView();
}

function decoded(fragment) {
  try { return decodeURIComponent(fragment); } catch { return fragment; }
}

function remember(isNew) {
  if (written() === (location.hash || "#")) return;
  try {
    if (isNew) history.pushState(null, "", written());
    else history.replaceState(null, "", written());
  } catch { /* Some viewers of attachments allow neither, and some only so many in a minute. */ }
}

function change(changes, isNew = true) {
  state = { ...state, ...changes };
  const said = "sort" in changes ? sort() : show();
  live.textContent = said;
  remember(isNew);
}

addEventListener("hashchange", read);

// --- Controls ---

if (filter) {
  // One entry of the history for each search, not for each letter.
  let isTyping = false;
  words.addEventListener("input", () => {
    change({ q: words.value }, !isTyping);
    isTyping = true;
  });
  words.addEventListener("blur", () => { isTyping = false; });
  for (const button of choices) {
    button.addEventListener("click", () => change({ status: button.dataset.status }));
  }
  document.querySelector(".nothing button").addEventListener("click", () => {
    change({ q: "", status: "all" });
    words.focus();
  });
  fold.hidden = stacks.length === 0;
  fold.addEventListener("click", () => {
    const open = !stacks.some((stack) => stack.open);
    for (const stack of stacks) stack.open = open;
  });
  const nameFold = () => {
    fold.textContent = stacks.some((stack) => stack.open) ? "Close all" : "Open all";
  };
  for (const stack of stacks) stack.addEventListener("toggle", nameFold);
  nameFold();
  filter.hidden = false;
}

for (const button of document.querySelectorAll("button.sort")) {
  button.disabled = false;
  button.addEventListener("click", () => {
    const name = button.textContent;
    const isDescending = state.sort === `-${name}`;
    change({ sort: state.sort === name ? `-${name}` : isDescending ? "" : name });
  });
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    live.textContent = button.textContent;
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}

const everything = [...document.querySelectorAll("details")];
addEventListener("beforeprint", () => unfold(everything));
addEventListener("afterprint", () => { foldBack(everything); show(); });

read();
