/** Where the edge finds its parts inside its container. */
export const edgePaths = {
  tls: "/etc/registry-cache/tls",
  cache: "/var/cache/registry-cache",
} as const;
