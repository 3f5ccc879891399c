import type { Provider } from "../config/schema.ts";
import type { HostDriver } from "./host.ts";

/** Loads the one driver that a stack needs: a cloud's SDK takes seconds to load. */
export async function loadDriver(provider: Provider): Promise<HostDriver> {
  switch (provider) {
    case "local":
      return (await import("./local/driver.ts")).driver as HostDriver;
    case "aws":
      return (await import("./aws/driver.ts")).driver as HostDriver;
    case "azure":
      return (await import("./azure/driver.ts")).driver as HostDriver;
    case "kubernetes":
      return notYet("provider", "a stack on an existing cluster");
  }
}

/** For what the configuration can say and this version can't make. */
function notYet(path: string, what: string): HostDriver {
  return {
    preflight: async () => [{ path, message: `${what} can't be brought up by this version yet` }],
    createHost() {
      throw new Error(`${what} can't be brought up by this version yet`);
    },
  };
}
