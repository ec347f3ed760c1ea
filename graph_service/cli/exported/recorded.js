// Answers what the element asks from what was recorded. Runs before the element in the same module, which is put behind it.
const recordedView = JSON.parse(document.getElementById("recorded").textContent);
const recordedNow = Date.parse(recordedView.made);
// For this page it is still the moment of the recording: what came later is not in it, and "now" must not pretend otherwise.
Date.now = () => recordedNow;

const recordedFetcher = (() => {
  const view = recordedView;
  /** Instants as texts of equal length, so that they compare as what they are; open ends are the last of all. */
  const sortable = (text) => {
    if (text === null || text === undefined) return "~";
    const [, whole, fraction = ""] = /^(.*?)(?:\.(\d+))?Z$/.exec(text);
    return `${whole}.${fraction.padEnd(6, "0")}`;
  };
  class Missing extends Error {}
  const missing = (what) => {
    throw new Missing(`${what} is not in this file`);
  };
  const validOf = (at) => at?.valid ?? view.made;
  const onlyKnown = (at) => {
    const known = at?.known;
    if (known !== undefined && known !== null && ![view.known, view.asKnown].some((one) => one && sortable(one) === sortable(known))) missing("What was known at other times");
  };

  function around({ key, at, types, direction, first, moments }) {
    onlyKnown(at);
    const entity = Object.hasOwn(view.entities, key) ? view.entities[key] : missing(`What is around ${key}`);
    const valid = validOf(at);
    const when = sortable(valid);
    if (entity.from !== null && when < sortable(entity.from)) missing(`What was before ${entity.from}`);
    if (when > sortable(view.made)) missing(`What came after ${view.made}`);
    const point = entity.points.findLast((one) => sortable(one.at) <= when) ?? entity.points[0];
    const holds = (one) => sortable(one.validFrom) <= when && when < sortable(one.validTo);
    const head = point.head === null ? null : view.heads[point.head];
    let found = null;
    if (head !== null && (holds(head) || !head.declared)) {
      const wanted = point.ties.map((place) => view.ties[place]).filter(
        (tie) => holds(tie) && (!types || types.includes(tie.type)) && (direction === "BOTH" || (direction === "OUT" ? tie.source.key : tie.target.key) === key),
      );
      found = {
        ...head,
        relationships: { edges: wanted.slice(0, first).map((node) => ({ node })), pageInfo: { hasNextPage: point.more || wanted.length > first } },
        ...(moments ? { events: { edges: entity.moments.map((time) => ({ node: { time } })) } } : {}),
      };
    }
    return { entity: found, basis: { ...view.basis, valid } };
  }

  const answers = {
    Around: around,
    Vocabulary: () => ({ vocabulary: view.words }),
    History: ({ key, known }) => {
      onlyKnown({ known });
      return { entity: Object.hasOwn(view.histories, key) ? view.histories[key] : missing(`The history of ${key}`) };
    },
    Feed: () => ({ changes: view.changes }),
    Count: () => missing("How many there are in all"),
    Moment: ({ to, around: key }) => {
      const at = Object.keys(view.moments).find((one) => sortable(one) === sortable(validOf(to)));
      return key === view.key && at !== undefined ? { diff: view.moments[at] } : missing("Which events made this");
    },
    Cause: ({ source, id }) => {
      const found = view.causes.find((one) => one[0] === source && one[1] === id);
      return found ? { event: found[2] } : missing("What led to this event");
    },
    Impact: ({ of, at, types, direction }) => {
      onlyKnown(at);
      if (direction !== "DEPENDENTS") missing("What it depends on");
      const found = Object.keys(view.impacts).find((one) => sortable(one) === sortable(validOf(at)));
      return of.length === 1 && of[0] === view.key && !types && found !== undefined ? { impact: view.impacts[found] } : missing(`The impact at other instants than ${Object.keys(view.impacts).join(" and ")}`);
    },
  };

  return async (_, init) => {
    const { query, variables } = JSON.parse(init.body);
    const name = /^(?:query|subscription) (\w+)/.exec(query)?.[1] ?? "";
    let body;
    try {
      body = { data: (Object.hasOwn(answers, name) ? answers[name] : () => missing("This"))(variables ?? {}) };
    } catch (error) {
      if (!(error instanceof Missing)) throw error;
      body = { errors: [{ message: error.message, extensions: { code: "NOT_RECORDED" } }] };
    }
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
  };
})();

function recordedShow({ addLanguage, en }) {
  addLanguage("en", { ...en, trouble: { ...en.trouble, failed: ["This is not in the file.", "It holds one entity and what was around it, as recorded when it was made."] } });
  const element = document.querySelector("knowledge-graph");
  element.fetcher = recordedFetcher;
  element.endpoint = "recorded";
  element.depth = recordedView.depth;
  if (recordedView.at !== null) element.validAt = recordedView.at;
  if (recordedView.asKnown !== null) element.knownAt = recordedView.asKnown;
  element.entity = recordedView.key;
}
