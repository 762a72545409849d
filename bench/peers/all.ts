/** Everybody who can do the work, Runsheet first. */
import type { Peer } from '../types';
import { ansible, mitogen } from './ansible';
import { runsheet } from './runsheet';
import { shell, ssh } from './ssh';

export const PEERS: readonly Peer[] = [runsheet, ansible, mitogen, shell, ssh];
