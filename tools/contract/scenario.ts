// The scenario of the guide, typed by what openapi-typescript makes of the contract: top up, read a code, pay, wait.
import type { components, paths } from "./generated/ardorqr.js";

type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "delete";
type Json<T> = T extends { content: { "application/json": infer Body } } ? Body : never;
/** The body of a path's successful answer, whatever its status. */
type Answer<P extends keyof paths, M extends Method> = paths[P][M] extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R]
  : never;
type Body<P extends keyof paths, M extends Method> = paths[P][M] extends { requestBody?: infer B } ? Json<NonNullable<B>> : never;

const WAIT_MS = 60_000;
const PAUSE_MS = 250;

const base = required("GATEWAY_URL");
const key = required("ARDOR_KEY");

function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} must be set; the key is a test key.`);
  return value;
}

async function call<P extends keyof paths, M extends Method>(
  method: M, path: P, options: { body?: Body<P, M>; id?: string; idempotencyKey?: string } = {},
): Promise<Answer<P, M>> {
  const response = await fetch(base + path.replace("{id}", options.id ?? ""), {
    method: method.toUpperCase(),
    headers: {
      Authorization: `Bearer ${key}`,
      ...(options.body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(options.idempotencyKey === undefined ? {} : { "Idempotency-Key": options.idempotencyKey }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  if (!response.ok) {
    const { error } = (await response.json()) as Schemas["Error"];
    throw new Error(`${method} ${path}: ${response.status} ${error.code} ${error.message} (${error.requestId})`);
  }
  return (await response.json()) as Answer<P, M>;
}

async function until<T>(what: string, ask: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  for (const end = Date.now() + WAIT_MS; Date.now() < end; await new Promise((done) => setTimeout(done, PAUSE_MS))) {
    const value = await ask();
    if (fits(value)) return value;
  }
  throw new Error(`${what}: not within ${WAIT_MS / 1000} s`);
}

function expect(what: string, isSo: boolean): void {
  if (!isSo) throw new Error(`Not so: ${what}`);
  console.log(`ok  ${what}`);
}

const account = await call("get", "/v1/account");
expect(`the account is ${account.name}`, account.status === "active");
const address = await call("get", "/v1/deposit-address");
expect("the network is TON", address.network === "TON");

const before = await call("get", "/v1/balance");
const transfer = await call("post", "/v1/test/deposits", { body: { amount: 25 } });
const deposit = await until("the deposit is credited",
  async () => (await call("get", "/v1/deposits")).deposits.find((one) => one.txHash === transfer.txHash),
  (one) => one?.status === "credited");
const after = await call("get", "/v1/balance");
expect(`${deposit!.creditedMinor} kopecks are credited`, after.balanceMinor - before.balanceMinor === deposit!.creditedMinor);

for (const [kind, amountMinor, status] of [["dynamic", 30_000, "completed"], ["st00012", 30_000, "completed"], ["dynamic", 10_001, "failed"]] as const) {
  const { qr } = await call("post", "/v1/test/qr-codes", { body: { kind, amountMinor } });
  const idempotencyKey = crypto.randomUUID();
  const resolved = await call("post", "/v1/payments", { body: { qr, reference: `order-${idempotencyKey}` }, idempotencyKey });
  const again = await call("post", "/v1/payments", { body: { qr, reference: `order-${idempotencyKey}` }, idempotencyKey });
  expect("a repetition is the same payment", again.id === resolved.id);
  await call("post", "/v1/payments/{id}/confirm", { id: resolved.id });
  const final = await until(`the ${kind} payment is ${status}`,
    () => call("get", "/v1/payments/{id}", { id: resolved.id }), (one) => one.status !== "confirming");
  expect(`a ${kind} payment of ${amountMinor} kopecks to ${final.merchantName} is ${status}`, final.status === status);
}

const { operations } = await call("get", "/v1/operations");
expect("the last operation is the refund", operations[0]?.type === "refund");
console.log("The scenario ran through.");
