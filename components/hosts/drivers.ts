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
      return (await import("./kubernetes/driver.ts")).driver as HostDriver;
  }
}
