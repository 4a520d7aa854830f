/** The demo's image: a sluice gate of 48 by 48 pixels in five colours, a PNG in base64. */

const base64 =
  'iVBORw0KGgoAAAANSUhEUgAAADAAAAAwBAMAAAClLOS0AAAAD1BMVEX///9GSlKoeEhAlsgcYqAmiBDdAAAAeUlEQVR42u2Syw2A' +
  'IBBEJ6GCjR1YgcnSAdN/TQIr38QbHkicy3ze4kkAEBF0anU/MOkTcHb6wWqw7mdQvXLKLrXLoaopuOxiPabkaXHmeY9ArTd/7rSX' +
  'b3EAnpyBnZIM1hnQLUwqHcE+UVU66mmRPYiA4146+KLNwA12HIpgA0r+lAAAAABJRU5ErkJggg==';

export function logo(): Buffer {
  return Buffer.from(base64, 'base64');
}
