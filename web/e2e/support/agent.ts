import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { expect } from '@playwright/test';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BIN } from './relay';
import type { Terminal } from './terminal';

/** How far a message came, as send_message and check_messages tell it. */
export interface Receipt {
  id: string;
  to: string[];
  state: string;
}

export interface Checked {
  framed: string;
  messages: { id: string; from: string; type: string; reply_to?: string }[];
  more: number;
  sent: Receipt[];
}

/** A coding agent in a folder of its own, as the official client sees `claudemesh mcp`. */
export class Agent {
  private constructor(readonly client: Client) {}

  /** `terminal` is the machine that it runs on: all its agents are one member. `name` is what the program calls itself. */
  static async start(terminal: Terminal, folder: string, name = 'test-agent', env: Record<string, string> = {}): Promise<Agent> {
    const cwd = join(terminal.folder, folder);
    await mkdir(cwd);
    // The shell stays above the server and is the agent's program: a session is one process, and this one runs several agents.
    const transport = new StdioClientTransport({
      command: 'sh',
      args: ['-c', '"$0" mcp; exit', join(BIN, 'claudemesh')],
      env: { ...(terminal.env as Record<string, string>), ...env },
      cwd,
    });
    const client = new Client({ name, version: '1.0.0' });
    await client.connect(transport);
    return new Agent(client);
  }

  /** Calls a tool that must succeed, and returns its structured result. */
  private async call<T>(name: string, args: Record<string, unknown>): Promise<T> {
    const result = await this.client.callTool({ name, arguments: args });
    if (result.isError) throw new Error(`${name}: ${JSON.stringify(result.content)}`);
    return result.structuredContent as T;
  }

  send = (message: { to?: string; text: string; reply_to?: string; ask?: boolean }) => this.call<Receipt>('send_message', message);
  check = () => this.call<Checked>('check_messages', {});
  summary = (summary: string) => this.call('set_summary', { summary });
  status = (status: string) => this.call('set_status', { status });

  /** Asks for messages until there are some. */
  async take(): Promise<Checked> {
    let checked = await this.check();
    await expect
      .poll(async () => {
        if (checked.messages.length === 0) checked = await this.check();
        return checked.messages.length;
      })
      .toBeGreaterThan(0);
    return checked;
  }

  /** How far a message of this agent came. */
  async stateOf({ id }: Receipt): Promise<string | undefined> {
    return (await this.check()).sent.find((receipt) => receipt.id === id)?.state;
  }

  /** Ends it as its user does. */
  async stop(): Promise<void> {
    await this.client.close();
  }
}
