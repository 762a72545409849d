/** How a host is connected. */
export { addresses, type Address } from './addresses';
