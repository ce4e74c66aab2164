// On narrow windows each cell of a table stands on a line of its own, behind the heading of its column.
document.addEventListener("DOMContentLoaded", () => {
  for (const table of document.querySelectorAll("main :is(table.dataframe, table.table)")) {
    if (!table.tHead) continue;
    const headings = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
    for (const row of table.tBodies[0].rows) {
      const cells = [...row.querySelectorAll("td")];
      cells.forEach((cell, number) => {
        const heading = headings.at(number - cells.length);
        if (heading) cell.dataset.heading = heading;
      });
    }
    table.classList.add("named");
  }
});

// Docutils calls a bibliography a list, but its entries no items of one.
document.addEventListener("DOMContentLoaded", () => {
  for (const list of document.querySelectorAll(".citation-list[role]")) list.removeAttribute("role");
});
