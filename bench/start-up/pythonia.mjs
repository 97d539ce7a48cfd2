import { python } from 'pythonia';

const module = await python(`${process.argv[2]}/start_up_plugin.py`);
process.stdout.write(`${await module.add(2, 3)}\n`);
python.exit();
