export type {
  OnedataAuthOptions,
  OnedataVariables,
  OptionalOnedataVariables,
  VariablesOf,
} from './onedata-auth.ts'
export { onedataAuth } from './onedata-auth.ts'
