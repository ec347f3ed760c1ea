import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import "graphiql/graphiql.css";
import "./page.css";

const FIRST_QUERY = `# Ask about any instant. \`at.valid\`: when it was so; \`at.known\`: as the log had recorded it by then.
query Checkout {
  entity(key: "service:checkout") {
    key
    kind
    properties
    relationships(direction: BOTH) {
      edges { node { type source { key } target { key } validFrom } }
    }
  }
}
`;

// The API is one folder up: /graphiql/ beside /graphql, below whatever path the service has.
const url = new URL("../graphql", window.location.href).toString();
const place = document.getElementById("graphiql");
if (place === null) {
  throw new Error("The page has no element with the id graphiql");
}
createRoot(place).render(<GraphiQL fetcher={createGraphiQLFetcher({ url })} defaultQuery={FIRST_QUERY} />);
