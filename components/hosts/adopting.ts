/** Whether it is `npm run adopt` that asks (docs/day-2.md#the-state-is-lost): what is there already is then this stack's, whose state is lost. */
export const isAdopting = process.env.REGISTRY_CACHE_ADOPTING === "true";
