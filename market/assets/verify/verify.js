// The verification page: fetches keys, proofs and public signals, and shows what snarkjs says of each.
"use strict";

(() => {
  const root = document.getElementById("verification");
  if (!root) return;

  const summary = root.querySelector("[data-summary]");
  const list = root.querySelector("[data-proofs-list]");
  const tamper = root.querySelector("[data-tamper]");
  const again = root.querySelector("[data-again]");
  let material = null;
  let worker = null;
  const waiting = new Map();
  let next = 0;

  const say = (text, state) => {
    summary.textContent = text;
    root.dataset.state = state;
  };

  const ask = (key, inputs, proof) =>
    new Promise((resolve) => {
      const number = next++;
      waiting.set(number, resolve);
      worker.postMessage({ number, key, inputs, proof });
    });

  const start = () => {
    worker = new Worker(root.dataset.worker);
    worker.onmessage = ({ data }) => {
      const resolve = waiting.get(data.number);
      waiting.delete(data.number);
      if (resolve) resolve(data);
    };
    worker.onerror = (event) => {
      const error = event.message || "the program could not be loaded";
      waiting.forEach((resolve) => resolve({ holds: false, error }));
      waiting.clear();
    };
  };

  const element = (name, text, className) => {
    const made = document.createElement(name);
    made.textContent = text;
    if (className) made.className = className;
    return made;
  };

  // A row: which proof, and what is said of it in words and with a mark.
  const row = (name) => {
    const item = element("li", "", "proof");
    const verdict = element("span", "… waiting", "verdict");
    item.append(element("span", name, "proof-name"), " ", verdict);
    item.dataset.verdict = "pending";
    list.append(item);
    return (state, text) => {
      item.dataset.verdict = state;
      verdict.textContent = text;
    };
  };

  const seconds = (ms) => (ms < 1000 ? `${Math.ceil(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
  const because = (answer) => (answer.error ? `: ${answer.error}` : "");

  const verifyAll = async () => {
    again.disabled = tamper.disabled = true;
    list.replaceChildren();
    const rows = material.proofs.map((proof) => row(proof.name));
    const begun = performance.now();
    let failed = 0;
    for (const [index, { circuit, inputs, proof }] of material.proofs.entries()) {
      say(`Verifying proof ${index + 1} of ${material.proofs.length} …`, "running");
      rows[index]("running", "… verifying");
      const answer = await ask(material.keys[circuit].key, inputs, proof);
      if (answer.holds) rows[index]("verified", `✓ verified in ${seconds(answer.ms)}`);
      else rows[index]("failed", `✗ FAILED${because(answer)}`);
      failed += answer.holds ? 0 : 1;
    }
    const time = seconds(performance.now() - begun);
    const count = material.proofs.length;
    if (failed === 0) say(`✓ All ${count} proofs are verified by snarkjs, in ${time}.`, "verified");
    else say(`✗ ${failed} of ${count} proofs FAILED. Do not rely on this contribution. (${time})`, "failed");
    again.disabled = tamper.disabled = false;
  };

  // The same proof for another statement: one bit of one public signal is flipped. It must not verify.
  const verifyTampered = async () => {
    again.disabled = tamper.disabled = true;
    const chosen = material.proofs[material.proofs.length - 1];
    const { names, key } = material.keys[chosen.circuit];
    const at = Math.max(0, names.indexOf(root.dataset.tamperSignal));
    const inputs = chosen.inputs.slice();
    inputs[at] = (BigInt(inputs[at]) ^ 1n).toString();
    const show = row(`${chosen.name}, with one bit of its public signal “${names[at]}” flipped`);
    show("running", "… verifying");
    const answer = await ask(key, inputs, chosen.proof);
    if (answer.error) show("failed", `✗ could not be checked${because(answer)}`);
    else if (answer.holds) show("accepted", "✗ ACCEPTED: this must never happen. Do not rely on this page.");
    else show("failed", "✗ FAILED, as it must: the proof does not hold for the changed signal.");
    again.disabled = tamper.disabled = false;
  };

  const begin = async () => {
    say("Fetching keys, proofs and public signals …", "running");
    const answer = await fetch(root.dataset.source, { headers: { accept: "application/json" } });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.detail || `the server answered ${answer.status}`);
    material = body;
    start();
    again.addEventListener("click", verifyAll);
    tamper.addEventListener("click", verifyTampered);
    await verifyAll();
  };

  begin().catch((error) => say(`✗ The verification could not be done: ${error.message}`, "failed"));
})();
