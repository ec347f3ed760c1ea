// graphql-codegen: types for the operations beside this file, and a manifest of them for a server that executes only what it knows.

import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

// snippet: codegen
const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'typed/*.graphql',
  generates: {
    'generated/typed/': {
      preset: 'client',
      documentTransforms: [addTypenameSelectionDocumentTransform], // for caches
      presetConfig: { persistedDocuments: { hashAlgorithm: 'sha256' }, fragmentMasking: false },
      config: {
        scalars: { DateTime: 'string', JSON: 'unknown' },
        useTypeImports: true,
        enumsAsTypes: true,
      },
    },
  },
};
// end

export default config;
