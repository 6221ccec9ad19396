// Package time as far as package net needs it.

export type { Time } from "./net.js";
