"use strict";

const filter = document.querySelector(".filter");
const words = filter.querySelector("input");
const buttons = [...filter.querySelectorAll("button[data-status]")];
const fold = filter.querySelector(".fold");
const stacks = [...document.querySelectorAll(".stack")];
const said = document.querySelector("[aria-live]");

function show() {
  const sought = words.value.trim().toLowerCase();
  const status = buttons.find((button) => button.ariaPressed === "true").dataset.status;
  const chosen = sought !== "" || status !== "all";
  if (chosen && !unfold.before) unfold();
  if (!chosen && unfold.before) foldBack();
  let count = 0;
  for (const stack of stacks) {
    const rows = [...stack.querySelectorAll("tbody tr")];
    for (const row of rows) {
      row.hidden =
        (status !== "all" && row.dataset.status !== status) ||
        !`${stack.dataset.name} ${row.textContent} ${row.dataset.search}`.toLowerCase().includes(sought);
      count += row.hidden ? 0 : 1;
    }
    stack.hidden = rows.every((row) => row.hidden);
  }
  document.querySelector(".nothing").hidden = count > 0;
  said.textContent = `${count} shown`;
}

// Whatever is sought, or printed, stands open meanwhile.
function unfold() {
  unfold.before = stacks.map((stack) => stack.open);
  for (const stack of stacks) stack.open = true;
}

function foldBack() {
  stacks.forEach((stack, index) => { stack.open = unfold.before[index]; });
  unfold.before = null;
}

function nameFold() {
  fold.textContent = stacks.some((stack) => stack.open) ? "Close all" : "Open all";
}

fold.addEventListener("click", () => {
  const open = !stacks.some((stack) => stack.open);
  for (const stack of stacks) stack.open = open;
});
for (const stack of stacks) stack.addEventListener("toggle", nameFold);
nameFold();
addEventListener("beforeprint", () => { if (!unfold.before) unfold(); });
addEventListener("afterprint", show);

for (const button of buttons) {
  button.addEventListener("click", () => {
    for (const other of buttons) other.ariaPressed = String(other === button);
    show();
  });
}
words.addEventListener("input", show);
filter.hidden = false;

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = "Copied";
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
