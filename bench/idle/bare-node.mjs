import { printResident } from './resident.mjs';

await printResident();
