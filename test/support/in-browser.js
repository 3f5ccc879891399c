// What tests look at in a page, as functions of the page itself.

/** The cells of a table's rows, its head left out. */
globalThis.rowsOf = (selector) =>
  [...document.querySelectorAll(`${selector} tbody tr, ${selector} tfoot tr`)].map((row) =>
    [...row.cells].map((cell) => cell.textContent),
  );

/** Of an element's text with the page: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
globalThis.contrastOf = (selector) => {
  const luminance = (color) => {
    const [red, green, blue] = color
      .match(/[\d.]+/g)
      .map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const text = luminance(getComputedStyle(document.querySelector(selector)).color);
  const paper = luminance(getComputedStyle(document.body).backgroundColor);
  return (Math.max(text, paper) + 0.05) / (Math.min(text, paper) + 0.05);
};
