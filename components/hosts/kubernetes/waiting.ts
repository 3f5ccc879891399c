/** For an object that needn't do anything for the others to go on: https://www.pulumi.com/registry/packages/kubernetes/#await-logic */
export const withoutWaiting = { "pulumi.com/skipAwait": "true" } as const;
