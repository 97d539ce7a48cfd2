import { isPluginError, toJson } from 'fidius';
import { weatherPlugin } from '../../../../lib/weather.ts';

// Not 'edge', which has neither child processes nor native code.
export const runtime = 'nodejs';

export async function POST(
  request: Request,
  { params }: { params: Promise<{ readonly year: string }> },
): Promise<Response> {
  const { client } = await weatherPlugin();
  const { year } = await params;
  const { signal } = request; // aborted when the client leaves
  try {
    const days = await client.parse(new Uint8Array(await request.arrayBuffer()), { signal });
    return Response.json(
      toJson(await client.monthly(days, { first: `${year}-01-01`, last: `${year}-12-31` }, { signal })),
    );
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return Response.json({ code: error.code, message: error.message }, { status: 422 });
  }
}
