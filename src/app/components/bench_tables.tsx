import { type BenchTable, benchTables } from '../../bench/table.ts';
import type { BenchReport } from '../../worker/protocol.ts';

/** What was measured, table by table. */
export function BenchTables({ report }: { report: BenchReport }) {
  return (
    <>
      {benchTables(report).map((table) => (
        <Table key={table.title} table={table} />
      ))}
    </>
  );
}

function Table({ table: { title, head, rows } }: { table: BenchTable }) {
  return (
    <figure class="measured">
      <figcaption>{title}</figcaption>
      <div class="table-scroll">
        <table>
          <thead>
            <tr>
              {head.map((cell, i) => (
                <th key={`${i} ${cell}`} scope="col">
                  {cell}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.join()}>
                {row.map((cell, i) => (
                  <td key={`${i} ${head[i]}`}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
