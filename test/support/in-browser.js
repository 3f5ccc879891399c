// What tests look at in a page, as functions of the page itself.

/** Per plot the lines, whether they lie in it, the marks, and which texts lie over each other. */
globalThis.plotsOf = (selector) =>
  [...document.querySelectorAll(selector)].map((plot) => {
    const frame = plot.getBoundingClientRect();
    const texts = [...plot.querySelectorAll("span")].map((span) => ({
      text: span.textContent,
      box: span.getBoundingClientRect(),
    }));
    const overlapping = texts.flatMap(({ text, box }, index) =>
      texts
        .slice(index + 1)
        .filter(
          (other) =>
            box.left < other.box.right &&
            other.box.left < box.right &&
            box.top < other.box.bottom &&
            other.box.top < box.bottom,
        )
        .map((other) => `${text} and ${other.text}`),
    );
    const lines = [...plot.querySelectorAll("polyline")].map((line) => {
      const box = line.getBoundingClientRect();
      return { width: box.width, inside: box.top > frame.top - 2 && box.bottom < frame.bottom + 2 };
    });
    const marks = [...plot.querySelectorAll("span.mark")].map((mark) => mark.textContent);
    return { lines, overlapping, marks };
  });

/** Per bar its text and the widths of its parts, in pixels. */
globalThis.barsOf = (selector) =>
  [...document.querySelectorAll(`${selector} > li`)].map((bar) => ({
    text: bar.querySelector("b").textContent,
    widths: [...bar.querySelectorAll("rect")].map((part) => part.getBoundingClientRect().width),
  }));

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
