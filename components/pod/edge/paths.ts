/** The edge's directories in its container. */
export const edgePaths = { tls: "/etc/registry-cache/tls", cache: "/var/cache/registry-cache" } as const;
