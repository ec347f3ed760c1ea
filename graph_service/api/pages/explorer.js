// One entity at one point in time. The question is in the address, so that a link shows the same again.

const QUERY = `query Explore($key: String!, $of: [String!]!, $at: At) {
  entity(key: $key, at: $at) {
    key kind name declared properties validFrom validTo
    event { eventId type time }
    outgoing: relationships(direction: OUT, first: 200) { edges { node { type target { key } validFrom validTo } } pageInfo { hasNextPage } }
    incoming: relationships(direction: IN, first: 200) { edges { node { type source { key } validFrom validTo } } pageInfo { hasNextPage } }
    history(first: 200) { edges { node { validFrom validTo knownFrom changed event { eventId type } } } }
  }
  impact(of: $of, at: $at) {
    count truncated { detail }
    items { distance entity { key kind } path { entities { key } } }
    basis { valid known watermark }
  }
}`;

const form = document.getElementById("ask");
const message = document.getElementById("message");
const answer = document.getElementById("answer");

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  made.append(...children);
  return made;
}

function linkTo(key) {
  const query = new URLSearchParams(window.location.search);
  query.set("key", key);
  const link = element("a", key);
  link.href = "?" + query;
  return link;
}

function table(title, heads, rows, more = false) {
  const cell = (value) => (value instanceof Node ? element("td", null, value) : element("td", value ?? "open"));
  const body = rows.map((row) => element("tr", null, ...row.map(cell)));
  const head = element("tr", null, ...heads.map((text) => element("th", text)));
  const count = `${title} (${rows.length}${more ? ", and more" : ""})`;
  return element("section", null, element("h2", count), element("table", null, element("thead", null, head), element("tbody", null, ...body)));
}

const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
const nodes = (connection) => connection.edges.map((edge) => edge.node);

function show({ entity, impact }) {
  const parts = [];
  if (entity === null) {
    message.textContent = "It was not there then.";
  } else {
    const said = entity.event ? `as said by ${entity.event.eventId} (${entity.event.type})` : "only ever named by others";
    parts.push(
      element("section", null, element("h2", entity.name), element("p", `${entity.kind} · ${entity.key} · ${said}`)),
      table("Properties", ["Name", "Value"], Object.entries(entity.properties).map(([name, value]) => [name, text(value)])),
      table("Goes to", ["Type", "Target", "From", "To"], nodes(entity.outgoing).map((r) => [r.type, linkTo(r.target.key), r.validFrom, r.validTo]), entity.outgoing.pageInfo.hasNextPage),
      table("Comes from", ["Type", "Source", "From", "To"], nodes(entity.incoming).map((r) => [r.type, linkTo(r.source.key), r.validFrom, r.validTo]), entity.incoming.pageInfo.hasNextPage),
      table("History", ["From", "To", "Known since", "Changed", "Event"], nodes(entity.history).map((v) => [v.validFrom, v.validTo, v.knownFrom, v.changed.join(", "), v.event.eventId])),
    );
  }
  parts.push(
    table("Depends on it", ["Distance", "Entity", "Path"], impact.items.map((item) => [String(item.distance), linkTo(item.entity.key), item.path.entities.map((e) => e.key).join(" → ")]), impact.truncated !== null),
    element("p", `Valid ${impact.basis.valid} · known ${impact.basis.known} · final up to ${impact.basis.watermark ?? "nothing yet"}`),
  );
  answer.replaceChildren(...parts);
}

async function ask(key, valid, known) {
  message.textContent = "Asking…";
  answer.replaceChildren();
  const at = { ...(valid && { valid }), ...(known && { known }) };
  try {
    const response = await fetch("graphql", {
      method: "POST",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify({ query: QUERY, variables: { key, of: [key], at } }),
    });
    const body = await response.json();
    if (body.errors) throw new Error(body.errors[0].message);
    message.textContent = "";
    show(body.data);
  } catch (error) {
    message.textContent = `No answer: ${error.message}`;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value.trim()));
  window.location.search = query;
});

const asked = new URLSearchParams(window.location.search);
for (const name of ["key", "valid", "known"]) form.elements[name].value = asked.get(name) ?? "";
if (asked.get("key")) ask(asked.get("key"), asked.get("valid"), asked.get("known"));
