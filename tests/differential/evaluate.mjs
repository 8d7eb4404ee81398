// Reads cases (src/iam/testing/case.h), one JSON object a line, and writes what @cloud-copilot/iam-simulate decides, a line
// for each: allow, explicit, implicit, timeout, or error: WHY. Its regular expressions can backtrack for ever, so they run in a worker
// that is ended after a second.
import { createInterface } from "node:readline";
import { Worker, isMainThread, parentPort } from "node:worker_threads";

const LIMIT_MS = 1000;
const OUTCOMES = { Allowed: "allow", ExplicitlyDenied: "explicit", ImplicitlyDenied: "implicit" };

function list(policies) {
  return policies === undefined ? [] : Array.isArray(policies) ? policies : [policies];
}

// The package's own entry validates and drops context keys that it thinks foreign to the action, and its "unsafe" one can't take
// resource or session policies; so what both call is called here.
async function engine() {
  const inside = (path) => import(new URL(`node_modules/@cloud-copilot/iam-simulate/dist/esm/${path}`, import.meta.url));
  const { loadPolicy } = await import(new URL("node_modules/@cloud-copilot/iam-policy/dist/esm/index.js", import.meta.url));
  const { authorize } = await inside("core_engine/CoreSimulatorEngine.js");
  const { AwsRequestImpl } = await inside("request/request.js");
  const { RequestContextImpl } = await inside("requestContext.js");
  const { DiscoveryContextKeyConstraints } = await inside("context_keys/discoveryContextKeyConstraints.js");

  const load = (policy, name) => loadPolicy(policy, { name });
  const loadList = (policies, set) => list(policies).map((policy, index) => load(policy, `${set}${index}`));
  return (one) => {
    const resource = one.resources;
    const resourcePolicy = resource.policy ?? resource.trust;
    const owner = { resource: resource.arn, accountId: resource.account || one.principal.account };
    return authorize({
      request: new AwsRequestImpl(one.principal.arn, owner, one.action, new RequestContextImpl(one.context)),
      sessionPolicy: one.session ? load(one.session, "session") : undefined,
      identityPolicies: loadList(one.identity, "identity"),
      serviceControlPolicies: list(one.scp).map((level, index) => ({ orgIdentifier: `level${index}`, policies: loadList(level, "scp") })),
      resourceControlPolicies: [],
      resourcePolicy: resourcePolicy ? load(resourcePolicy, "resource") : undefined,
      permissionBoundaries: one.boundary ? loadList(one.boundary, "boundary") : undefined,
      vpcEndpointPolicies: undefined,
      simulationParameters: { simulationMode: "Strict", discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]) },
      serviceSettings: {},
    }).result;
  };
}

async function serve() {
  const evaluate = await engine();
  parentPort.on("message", (line) => {
    try {
      parentPort.postMessage(OUTCOMES[evaluate(JSON.parse(line))]);
    } catch (error) {
      parentPort.postMessage(`error: ${String(error.message).split("\n")[0]}`);
    }
  });
  parentPort.postMessage("ready");
}

function start() {
  const worker = new Worker(new URL(import.meta.url));
  return new Promise((resolve) => worker.once("message", () => resolve(worker)));
}

async function main() {
  let worker = await start();
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve("timeout"), LIMIT_MS);
      worker.once("message", (text) => {
        clearTimeout(timer);
        resolve(text);
      });
      worker.postMessage(line);
    });
    console.log(answer);
    if (answer === "timeout") {
      await worker.terminate();
      worker = await start();
    }
  }
  await worker.terminate();
}

await (isMainThread ? main() : serve());
