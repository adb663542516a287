// A token after the # signs in at once. It is taken out of the address first, so that no history keeps it.
"use strict";
(() => {
  const token = location.hash.slice(1);
  const form = document.querySelector("[data-sign-in] form");
  if (!form || !/^[0-9A-Za-z]{32,512}$/.test(token)) return;
  history.replaceState(null, "", location.pathname + location.search);
  form.elements.token.value = token;
  form.submit();
})();
