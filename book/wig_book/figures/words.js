// Lets a figure of words be asked: a dot that is pointed at, or a word that is typed, is marked and described.
(root => {
  const {words, panels, facts, sentences} = JSON.parse(root.querySelector("script[type='application/json']").textContent);
  const [form, input, answer] = ["form", "input", "output"].map(name => root.querySelector(name));
  const drawings = [...root.querySelectorAll("svg")];
  const add = (parent, name, attributes) => {
    const element = parent.appendChild(document.createElementNS(parent.namespaceURI, name));
    Object.entries(attributes).forEach(([key, value]) => element.setAttribute(key, value));
    return element;
  };
  const marks = drawings.flatMap((svg, number) => panels[number].map(places => {
    const mark = add(svg, "g", {class: "mark", visibility: "hidden"});
    add(mark, "circle", {r: 6, fill: "none", stroke: "currentColor", "stroke-width": 2});
    const halo = "paint-order: stroke; stroke: var(--pst-color-background, var(--jp-layout-color0, #fff)); stroke-width: 3";
    const name = add(mark, "text", {y: -9, "text-anchor": "middle", "font-size": 10, "font-weight": "bold", style: halo});
    return [mark, name, places];
  }));
  const show = index => {
    marks.forEach(([mark, name, places]) => {
      const place = places[index];
      mark.setAttribute("visibility", place ? "visible" : "hidden");
      if (place) mark.setAttribute("transform", `translate(${place})`);
      name.textContent = words[index] ?? "";
    });
    if (index < 0) return;
    const numbers = Object.entries(facts).map(([name, values]) => `${name} ${values[index] ?? "unknown"}`);
    answer.textContent = `${words[index]}: ${numbers.join(", ")}.`;
    for (const number of sentences.of[index] ?? []) {
      answer.append(document.createElement("br"), `“${sentences.texts[number]}”`);
    }
  };
  const nearest = (event, svg, number) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    let [found, least] = [-1, 15 ** 2];
    panels[number].forEach(places => places.forEach((place, index) => {
      const distance = place ? (place[0] - point.x) ** 2 + (place[1] - point.y) ** 2 : least;
      if (distance < least) [found, least] = [index, distance];
    }));
    return found;
  };
  drawings.forEach((svg, number) => {
    const point = event => {
      const index = nearest(event, svg, number);
      if (index >= 0) show(index);
    };
    svg.addEventListener("pointermove", point);
    svg.addEventListener("pointerdown", point);
  });
  input.addEventListener("input", () => show(words.findIndex(word => word.toLowerCase() === input.value.trim().toLowerCase())));
  form.addEventListener("submit", event => event.preventDefault());
  form.hidden = false;
})(document.currentScript.parentElement);
