import * as pulumi from "@pulumi/pulumi";
import { DynamicResource, providerText } from "../dynamic-resource.ts";
import type { Host, HostArgs } from "../kind.ts";
import { sha256 } from "../naming.ts";
import type { Certificate, CertificateInputs } from "./certificate.ts";
import { localPod } from "./local-pod.ts";
import { type LocalPlan, localAddress } from "./plan.ts";
import type { PodmanPodInputs } from "./podman-pod.ts";

/** The cache on this machine: a certificate, and the Pod that podman plays. */
export class LocalHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;
  readonly pod: pulumi.Output<string>;

  constructor(name: string, args: HostArgs<LocalPlan>, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:local:VmHost", name, {}, options);
    const { plan, secrets } = args;
    const certificate = new EndpointCertificate(name, certificateFor(plan), { parent: this });

    const pod = pulumi.output(secrets).apply((known) => localPod(plan, known));
    // Ensures that the certificate exists first. A new certificate needs no new Pod: the edge reloads it by itself.
    new PodmanPod(name, pod, { parent: this, dependsOn: [certificate] });

    this.address = pulumi.output(localAddress);
    this.ca = certificate.ca;
    this.diskGiB = plan.place.diskGiB;
    this.pod = pod.apply(({ bundle }) => sha256(bundle));
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

function certificateFor({ region, place: { directory } }: LocalPlan): CertificateInputs {
  const { hostname, tls } = region.endpoint;
  if (tls.mode === "provided") {
    return {
      directory,
      names: [hostname],
      files: { certificateFile: tls.certificateFile, keyFile: tls.keyFile },
    };
  }
  return { directory, names: [...new Set([hostname, "localhost", localAddress])] };
}

type CertificateProvider = typeof import("./certificate-provider.ts");

const certificateProvider = providerText<CertificateProvider>(import.meta.url, "certificate-provider", {
  diff: (module, _id, olds, news) => module.diff(olds, news),
  create: (module, inputs) => module.create(inputs),
  read: (module, id, props) => module.read(id, props),
  update: (module, _id, _olds, news) => module.update(news),
});

/**
 * The endpoint's certificate and key, as files that the Pod can read. The keys never enter the stack's state. A deletion keeps the files, so that
 * clients continue to trust the private authority.
 */
class EndpointCertificate extends DynamicResource {
  declare readonly fingerprint: pulumi.Output<string>;
  declare readonly ca: pulumi.Output<Certificate["ca"]>;

  constructor(name: string, args: CertificateInputs, options?: pulumi.CustomResourceOptions) {
    super(
      certificateProvider,
      "local:EndpointCertificate",
      name,
      { ...args, fingerprint: undefined, ca: undefined },
      options,
    );
  }
}

type PodProvider = typeof import("./podman-pod-provider.ts");

const podProvider = providerText<PodProvider>(import.meta.url, "podman-pod-provider", {
  diff: (module, _id, olds, news) => module.diff(olds, news),
  create: (module, inputs) => module.create(inputs),
  read: (module, id, props) => module.read(id, props),
  update: (module, _id, olds, news) => module.update(olds, news),
  delete: (module, _id, props) => module.remove(props),
});

/**
 * A Pod that podman plays on this machine. Updates happen in place, so the data stays. A refresh detects a Pod that is missing, stopped or
 * different. A deletion keeps the data.
 */
class PodmanPod extends DynamicResource {
  constructor(name: string, args: pulumi.Output<PodmanPodInputs>, options?: pulumi.CustomResourceOptions) {
    // If `args` contains a credential, Pulumi marks all of it as secret. Only `secrets` has to stay secret.
    const open = <Key extends keyof PodmanPodInputs>(key: Key) =>
      pulumi.unsecret(args.apply((inputs) => inputs[key]));
    super(
      podProvider,
      "local:PodmanPod",
      name,
      {
        name: open("name"),
        region: open("region"),
        directory: open("directory"),
        bundle: open("bundle"),
        directories: open("directories"),
        ready: open("ready"),
        secrets: pulumi.secret(args.apply(({ secrets }) => secrets)),
      },
      { ...options, additionalSecretOutputs: ["secrets"] },
    );
  }
}
