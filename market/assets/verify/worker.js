// Checks proofs with snarkjs, away from the page, one after the other.
//
// snarkjs starts workers of its own from blobs when it finds `Worker`. The page's policy forbids that, and one thread is
// enough: hide it before snarkjs is loaded.
"use strict";

self.Worker = undefined;
importScripts("snarkjs.min.js");

self.onmessage = async (event) => {
  const { number, key, inputs, proof } = event.data;
  const begun = performance.now();
  try {
    const holds = (await self.snarkjs.groth16.verify(key, inputs, proof)) === true;
    self.postMessage({ number, holds, ms: performance.now() - begun });
  } catch (error) {
    self.postMessage({ number, holds: false, error: String((error && error.message) || error) });
  }
};
