export type {
  OnedataAuthOptions,
  OnedataVariables,
  OptionalOnedataVariables,
  RequestData,
  VariablesOf,
} from './onedata-auth.ts'
export { onedataAuth } from './onedata-auth.ts'
