/** A double of the cloud controller, which gives load balancers their addresses. */
import {
  ApiException,
  CoreV1Api,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  type V1LoadBalancerIngress,
  type V1Service,
} from "@kubernetes/client-node";
import type { ControlPlane } from "./control-plane.ts";

/**
 * From now on, assigns an address to every Service of the type LoadBalancer.
 * @param ingress `{ ip }` as in Azure, `{ hostname }` as in AWS. @default an address of RFC 5737
 */
export async function assignLoadBalancers(
  { config }: ControlPlane,
  ingress: V1LoadBalancerIngress = { ip: "203.0.113.10" },
): Promise<AsyncDisposable> {
  const core = config.makeApiClient(CoreV1Api);
  const assign = async ({ metadata, spec, status }: V1Service) => {
    if (spec?.type !== "LoadBalancer" || status?.loadBalancer?.ingress) return;
    const { name = "", namespace = "" } = metadata ?? {};
    const body = { status: { loadBalancer: { ingress: [ingress] } } };
    const options = setHeaderOptions("Content-Type", PatchStrategy.MergePatch);
    await core.patchNamespacedServiceStatus({ name, namespace, body }, options).catch((error: unknown) => {
      // It has been deleted since.
      if (!(error instanceof ApiException && error.code === 404)) throw error;
    });
  };
  const services = () => core.listServiceForAllNamespaces();
  const informer = makeInformer<V1Service>(config, "/api/v1/services", services);
  informer.on("add", assign);
  informer.on("update", assign);
  await informer.start();
  return { [Symbol.asyncDispose]: () => informer.stop() };
}
