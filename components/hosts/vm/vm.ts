import { packUserData } from "./packed.ts";
import { podDirectories, podSecret, type VmPodOptions, vmPod } from "./pod.ts";
import { authority } from "./secrets.ts";
import { renderUserData, type StoredPod } from "./user-data.ts";

/** What a cloud adds to the machine that all clouds have in common. */
export interface VmOptions extends VmPodOptions {
  /** Where the Pod is. @default in the user data */
  readonly storedPod?: StoredPod;
  /** See {@link renderUserData}. */
  readonly dataDevice: string;
  /** See {@link renderUserData}. */
  readonly fetchSecret: string;
  /** Commands for the first boot only. */
  readonly prepare?: readonly (readonly string[])[];
  /** What the cloud takes as user data, before base64. */
  readonly limitBytes: number;
}

/** Local time, UTC on both clouds: after the nightly upgrades, and when few clusters are scaled. */
const rebootTime = "04:30";

/**
 * The user data of a cache VM: the Pod, with what surrounds it.
 * @throws UserDataTooLarge
 */
export function vmUserData(options: VmOptions): Uint8Array {
  const { region, storedSecrets, storedPod } = options;
  const { tls, hostname } = region.endpoint;
  const text = renderUserData({
    pod: storedPod ?? vmPod(options),
    dataDevice: options.dataDevice,
    directories: podDirectories(options),
    fetchSecret: options.fetchSecret,
    secrets: Object.fromEntries(
      Object.entries(storedSecrets)
        .filter(([secret]) => secret !== authority)
        .map(([secret, stored]) => [podSecret(secret), stored]),
    ),
    ...(tls.mode === "provided" && { certificate: { secret: tls.secretName } }),
    ...(tls.mode === "private" && { certificate: { hostname, authority: storedSecrets[authority] ?? "" } }),
    ...(options.prepare && { prepare: options.prepare }),
    rebootTime,
  });
  return packUserData(text, options.limitBytes);
}
