// Functions with which the tests inspect a page. They run in the page itself.

/** The cells of a table's rows, without its head. */
globalThis.rowsOf = (selector) =>
  [...document.querySelectorAll(`${selector} tbody tr, ${selector} tfoot tr`)].map((row) =>
    [...row.cells].map((cell) => cell.textContent),
  );

/** The contrast of an element's text with its background: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
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
