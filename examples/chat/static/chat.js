"use strict";

// A WebSocket carries both directions. Where none can be had (an old proxy, say), the page listens to
// events and sends each message with a POST. Both begin behind the last message that was seen.

const list = document.getElementById("messages");
const way = document.getElementById("way");
const form = document.getElementById("say");
let last = 0;
let say;

function show(message) {
  if (message.id <= last) return; // seen already, before the connection broke
  last = message.id;
  const item = document.createElement("li");
  item.textContent = `${message.author}: ${message.text}`;
  list.append(item);
}

function talk() {
  const url = location.origin.replace(/^http/, "ws");
  const socket = new WebSocket(`${url}/socket?after=${last}`);
  let opened = false;
  socket.onopen = () => {
    opened = true;
    say = (message) => socket.send(JSON.stringify(message));
    way.textContent = "WebSocket";
  };
  socket.onmessage = (event) => show(JSON.parse(event.data));
  socket.onclose = () => (opened ? setTimeout(talk, 1000) : listen());
}

function listen() {
  const events = new EventSource("/events"); // connects again by itself
  say = (message) =>
    fetch("/messages", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
  events.onopen = () => (way.textContent = "events");
  events.onmessage = (event) => show(JSON.parse(event.data));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!say) return;
  say(Object.fromEntries(new FormData(form)));
  form.elements.text.value = "";
});

if ("WebSocket" in window) talk();
else listen();
