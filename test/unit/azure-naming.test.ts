import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { namesOf, storageAccountName, uuidFor, vaultName } from "../../components/hosts/azure/naming.ts";
import { regionNames, zonesOf } from "../../components/hosts/azure/regions.ts";
import { publicKeyOfNobody } from "../../components/hosts/azure/vm/no-login.ts";
import { credentialsSecret } from "../../components/pod/secrets.ts";

/** https://www.pulumi.com/docs/iac/concepts/stacks/#create-stack */
const stack = fc.stringMatching(/^[A-Za-z0-9_.-]{1,100}$/);
const region = fc.constantFrom(...regionNames);
const guid = fc.uuid();

test("makes names with the characters and lengths that Azure accepts", () => {
  fc.assert(
    fc.property(stack, region, (stack, region) => {
      const names = namesOf({ stack, region });
      assert.match(names.resourceGroup, /^[\w.()-]{0,89}[\w()-]$/);
      // A machine's name is also its host name.
      assert.match(names.machine, /^[a-z][a-z0-9-]{0,62}[a-z0-9]$/);
      for (const name of Object.values(names).slice(1)) assert.match(name, /^[a-z][a-z0-9-]{0,78}[a-z0-9]$/);
    }),
  );
});

test("never gives two regions of any stacks the same resource group", () => {
  fc.assert(
    fc.property(stack, region, stack, region, (stack, region, otherStack, otherRegion) => {
      fc.pre(stack !== otherStack || region !== otherRegion);
      const groups = [namesOf({ stack, region }), namesOf({ stack: otherStack, region: otherRegion })].map(
        ({ resourceGroup }) => resourceGroup.toLowerCase(),
      );
      fc.pre(stack.toLowerCase() !== otherStack.toLowerCase() || region !== otherRegion);
      assert.notEqual(groups[0], groups[1]);
    }),
  );
});

test("names a conventional stack's group only after the region", () => {
  const group = (stack: string) => namesOf({ stack, region: "westeurope" }).resourceGroup;
  assert.equal(group("azure-westeurope"), "registry-cache-westeurope");
  assert.equal(group("test"), "registry-cache-test-westeurope");
});

test("names a vault as Azure accepts, differently for each identity", () => {
  fc.assert(
    fc.property(guid, guid, (one, other) => {
      assert.match(vaultName(one), /^[a-z](?:-?[a-z0-9]){2,23}$/);
      assert.ok(vaultName(one).length <= 24);
      assert.equal(vaultName(one) === vaultName(other), one === other);
    }),
  );
});

test("names a storage account as Azure accepts, differently for each subscription, stack and region", () => {
  const cache = fc.tuple(guid, fc.record({ stack, region }));
  fc.assert(
    fc.property(cache, cache, (one, other) => {
      assert.match(storageAccountName(...one), /^[a-z0-9]{3,24}$/);
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      assert.notEqual(storageAccountName(...one), storageAccountName(...other));
    }),
  );
});

test("names a secret as Key Vault accepts, for every upstream's name", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$/), (upstream) => {
      assert.match(credentialsSecret(upstream), /^[0-9a-zA-Z-]{1,127}$/);
    }),
  );
});

test("names a role assignment by a UUID of version 5, which is the same for the same input, and otherwise differs", () => {
  const parts = fc.array(fc.string(), { minLength: 1, maxLength: 3 });
  fc.assert(
    fc.property(parts, parts, (one, other) => {
      assert.match(uuidFor(...one), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.equal(uuidFor(...one) === uuidFor(...other), JSON.stringify(one) === JSON.stringify(other));
    }),
  );
});

test("never changes the name of a role assignment, because another name would assign the same role again", () => {
  assert.equal(uuidFor("scope", "principal", "role"), "dd2c42c5-1f48-5d02-891b-8e0bf7cd756a");
});

test("has an Ed25519 key for the machine that never changes, because another key would replace the machine", () => {
  const key = publicKeyOfNobody();
  assert.equal(
    key,
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH7VkXN7hH6vRjo1nucXc9d6uNWS/1J7PpOa6B2bKTpR nobody",
  );
  const bytes = Buffer.from(key.split(" ")[1] ?? "", "base64");
  assert.deepEqual([bytes.readUInt32BE(0), bytes.readUInt32BE(15), bytes.length], [11, 32, 51]);
  assert.ok(isOnCurve(bytes.subarray(19)));
});

test("has a zone only where there are zones", () => {
  assert.deepEqual(zonesOf({ name: "westeurope", availabilityZone: "2" }), ["2"]);
  assert.deepEqual(zonesOf({ name: "westus", availabilityZone: "2" }), []);
  assert.equal(new Set(regionNames).size, regionNames.length);
});

/** Whether a point is on edwards25519, as servers may check: https://www.rfc-editor.org/rfc/rfc8032#section-5.1.3 */
function isOnCurve(point: Uint8Array): boolean {
  const p = 2n ** 255n - 19n;
  const power = (base: bigint, exponent: bigint): bigint => {
    if (exponent === 0n) return 1n;
    const half = power((base * base) % p, exponent / 2n);
    return exponent % 2n === 1n ? (half * base) % p : half;
  };
  const d = ((p - 121665n) * power(121666n, p - 2n)) % p;
  const y = BigInt(`0x${Buffer.from(point).reverse().toString("hex")}`) % 2n ** 255n;
  const xSquared = ((y * y - 1n) * power(d * y * y + 1n, p - 2n)) % p;
  return y < p && power((xSquared + p) % p, (p - 1n) / 2n) === 1n;
}
