// A client with types from graphql-codegen: `tsc --strict` has looked at this file, and only hashes of documents travel.

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { found, key, url } from '../lib/stage.ts';
import { WhatDependsOnDocument, type WhatDependsOnQuery } from '../generated/typed/graphql.ts';

// snippet: typed
async function ask<Data, Variables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { hash } = (document as { __meta__?: { hash?: string } }).__meta__ ?? {};
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
    },
    body: JSON.stringify({ documentId: hash, variables }),
  });
  const body = (await response.json()) as { data?: Data; errors?: { message: string }[] };
  if (!body.data) throw new Error(body.errors?.map((error) => error.message).join('; '));
  return body.data;
}

const { impact } = await ask(WhatDependsOnDocument, { of: ['service:cart'] });
const nearest: WhatDependsOnQuery['impact']['items'][number] | undefined = impact.items[0];
// end

found({
  count: impact.count,
  truncated: impact.truncated,
  nearest: nearest && { key: nearest.entity.key, distance: nearest.distance satisfies number },
});
