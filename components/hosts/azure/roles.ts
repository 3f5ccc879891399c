/** Built-in roles, by their IDs: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles */
export const roles = {
  dnsZoneContributor: "befefa01-2a29-4197-83a8-272ff33ce314",
  keyVaultSecretsUser: "4633458b-17de-408a-b874-0445c86b69e6",
  networkContributor: "4d97b98b-1d4f-4787-a291-c67834d212e7",
  reader: "acdd72a7-3385-48ef-bd42-f606fba81ae7",
  storageBlobDataContributor: "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
  storageBlobDelegator: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a",
} as const;
