import { defineInterface, method, t } from 'fidius';

export const Order = t.struct('Order', { id: t.u32, customer: t.string, cents: t.int53 });

/** What a host may ask of a plugin that reads and writes the orders of one database. */
export const TableConnector = defineInterface('TableConnector', {
  version: 1,
  config: t.struct('TableSettings', { database: t.string, table: t.string }),
  methods: {
    load: method({ orders: t.stream(Order) }, t.u32, {
      doc: 'Stores all orders or none, and returns how many there were.',
    }),
    extract: method({ since: t.u32 }, t.stream(Order), { doc: 'The orders from a number on.' }),
  },
});
